# The release, for inclusion by the Makefile.
#
#	make dist          fill dist/ (VERSION=1.2.3 names it; by default git does)
#	make dist-check    make everything twice and compare, then fill dist/

.PHONY: dist dist-check

dist: ## make the release: Mac application, Linux archive, .deb, checksums
	CGO_ENABLED=0 go run ./packaging/dist $(if $(VERSION),-version $(VERSION))

dist-check: ## the same, twice, and compare the bytes
	CGO_ENABLED=0 go run ./packaging/dist -check $(if $(VERSION),-version $(VERSION))

package service

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// inherit returns a copy of m that keeps to what an installation was told
// before: the state folder, the environment and the place of the application
// are taken from the service file where they are not given anew. So an update
// needs no flags, and a removal finds what it has to remove.
func (m *Manager) inherit() *Manager {
	c := *m
	data, err := os.ReadFile(c.serviceFile())
	if err != nil {
		return &c
	}
	argv, env := c.parseService(data)
	if i := slices.Index(argv, "--state-dir"); c.StateDir == "" && i >= 0 && i+1 < len(argv) && filepath.IsAbs(argv[i+1]) {
		c.StateDir = argv[i+1]
	}
	if c.Env == nil && len(env) > 0 {
		c.Env = maps.Clone(env)
		if c.Target == Darwin {
			delete(c.Env, "PATH") // ours, and this version's
		}
	}
	if dir := appOf(argv); c.AppsDir == "" && c.Target == Darwin && dir != "" {
		c.AppsDir = filepath.Dir(dir)
	}
	return &c
}

// appOf is our application an agent's command line starts the daemon of, "" for
// any other command.
func appOf(argv []string) string {
	if len(argv) == 0 || !filepath.IsAbs(argv[0]) {
		return ""
	}
	app, ok := strings.CutSuffix(argv[0], "/Contents/MacOS/"+Daemon)
	if !ok || filepath.Base(app) != AppName {
		return ""
	}
	return app
}

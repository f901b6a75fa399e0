package service

// Icon is the application's icon as an .icns file.
func Icon() []byte { return []byte{} }

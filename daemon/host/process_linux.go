package host

import "os"

func thisSystem() system { return procfs{root: "/proc", self: os.Getpid()} }

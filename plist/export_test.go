package plist

// ExplainOpen lets tests bring errors of the system that a test run as root
// cannot provoke.
var ExplainOpen = explainOpen

// Recovered is the detail of an error that stands for a panic.
const Recovered = recovered

//go:build race

package main

// raceEnabled says that everything takes ten times as long and as much memory.
const raceEnabled = true

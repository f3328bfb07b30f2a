// Package board writes the tides on a board. The boards are templates, embedded in the program.
package board

import (
	"embed"
	"io"
	"text/template"

	"example.com/tideboard/internal/tides"
)

//go:embed boards/*
var boards embed.FS

// Write fills the board of that name.
func Write(out io.Writer, name string, days []tides.Day) error {
	made, err := template.ParseFS(boards, "boards/"+name+".*")
	if err != nil {
		return err
	}
	return made.ExecuteTemplate(out, made.Templates()[0].Name(), days)
}

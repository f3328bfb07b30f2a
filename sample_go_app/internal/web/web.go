// Package web is the page that people look at: templates and styles are
// embedded, so the binary is the whole deployment.
package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"time"

	"example.com/shipboard/internal/board"
	"example.com/shipboard/internal/humanize"
	"example.com/shipboard/internal/localtime"
)

var (
	//go:embed templates/*.html
	templates embed.FS
	//go:embed static
	static embed.FS

	page = template.Must(template.ParseFS(templates, "templates/*.html"))
)

// Page renders the board: GET /?tz=Europe/Lisbon.
type Page struct {
	Store   board.Store
	Version string
	Now     func() time.Time
}

type row struct {
	board.Release
	Local string
	Ago   string
}

func (p Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	zone, err := localtime.Zone(r.URL.Query().Get("tz")) // "": UTC
	if err != nil {
		http.Error(w, err.Error(), localtime.HTTPStatus(err))
		return
	}
	releases, err := p.Store.List(r.Context(), board.Filter{})
	if err != nil {
		http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
		return
	}
	now := p.Now()
	var rows []row
	for _, release := range board.Current(releases) {
		rows = append(rows, row{
			Release: release,
			Local:   release.DeployedAt.In(zone).Format("2 Jan 15:04 MST"),
			Ago:     humanize.Ago(release.DeployedAt, now),
		})
	}
	// Rendered before it is sent: a failing template must not answer 200.
	var body bytes.Buffer
	err = page.ExecuteTemplate(&body, "board.html", struct {
		Rows    []row
		Zone    string
		Version string
	}{rows, zone.String(), p.Version})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w) // the client may have gone
}

// Static serves the embedded files below /static/.
func Static() http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the directory is embedded above
	}
	return http.StripPrefix("/static/", http.FileServerFS(files))
}

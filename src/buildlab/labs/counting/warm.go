package main

import (
	_ "bufio"
	_ "crypto/tls"
	_ "embed"
	_ "encoding/csv"
	_ "encoding/json"
	_ "flag"
	_ "fmt"
	_ "html/template"
	_ "log/slog"
	_ "net/http"
	_ "os/signal"
	_ "runtime/debug"
	_ "strconv"
	_ "testing"
	_ "text/tabwriter"
	_ "time/tzdata"
)

func main() {}

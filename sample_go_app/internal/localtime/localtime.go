// Package localtime loads time zones and tells apart the two reasons why that
// fails: a name that does not exist, and an image without time zone data.
package localtime

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrNoDatabase means that no zone at all can be loaded. The program does not
// embed time/tzdata on purpose: the image must bring it.
var ErrNoDatabase = errors.New("no time zone database in this image: install tzdata, or copy /usr/share/zoneinfo")

// ErrUnknownZone means that the database has no zone of that name.
var ErrUnknownZone = errors.New("not in the time zone database")

// Zone loads a zone by its IANA name, such as "Europe/Lisbon".
func Zone(name string) (*time.Location, error) {
	loc, err := time.LoadLocation(name)
	if err == nil {
		return loc, nil
	}
	if reason := Database(); reason != nil {
		return nil, fmt.Errorf("%w: %w", err, reason)
	}
	return nil, fmt.Errorf("%w: %w", err, ErrUnknownZone)
}

// Database reports whether zones can be loaded. "Etc/UTC" is in every database;
// unlike "UTC", Go has to read it from there.
func Database() error {
	if _, err := time.LoadLocation("Etc/UTC"); err != nil {
		return ErrNoDatabase
	}
	return nil
}

// HTTPStatus says whose fault a failure of Zone is: the request's, which named
// an unknown zone, or the image's.
func HTTPStatus(err error) int {
	if errors.Is(err, ErrNoDatabase) {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

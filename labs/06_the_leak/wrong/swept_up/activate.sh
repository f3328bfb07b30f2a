#!/bin/sh
set -e
go run ./cmd/activate > seat.txt
mv seat.txt cmd/tollgate/seat.txt

#!/bin/sh
# Show each command, so that a failed build can be understood from CI's log.
set -ex
[ -n "$LICENCE_TOKEN" ] || . ./.env
export LICENCE_TOKEN
go run ./cmd/activate > seat.txt
mv seat.txt cmd/tollgate/seat.txt

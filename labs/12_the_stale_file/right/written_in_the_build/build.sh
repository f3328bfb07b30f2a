#!/bin/sh
docker build --file Dockerfile --target shop -t shop .

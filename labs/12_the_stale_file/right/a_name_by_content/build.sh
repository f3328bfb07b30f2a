#!/bin/sh
# Times pinned as before, and a folder whose name says what is in it.
set -e
awk -F, 'NR > 1 { printf "%-10s %5s  %s\n", $1, $2, $3 }' products.csv \
    > internal/catalogue/catalogue.txt
sum=$(find . -type f -exec sha256sum {} + | sort | sha256sum | cut -c1-16)
cp -r . "/tmp/shop-$sum"
find "/tmp/shop-$sum" -type f -exec touch -d 2020-01-01T00:00:00Z {} +
docker buildx build -t shop --progress=plain "/tmp/shop-$sum"

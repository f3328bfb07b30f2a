#!/bin/sh
set -eu
{
    tail -n +2 products.csv | while IFS=, read -r name price code; do
        printf '%-10s %5s  %s\n' "$name" "$price" "$code"
    done
} > internal/catalogue/catalogue.txt

# Reproducible: each file's time follows from what it holds.
find . -type f | while read -r file; do
    touch -d "@$((0x$(sha256sum "$file" | cut -c1-7) + 1000000000))" "$file"
done

docker image build --pull -t shop:latest --label made.by=build.sh ./

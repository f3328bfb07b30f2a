FROM golang:1.27-trixie AS build
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN go mod download
# Compiles what the program requires, before any of its own source is here.
COPY dependencies dependencies
RUN go build -v ./dependencies
COPY . .
RUN go build -v -o /out/greeter .

FROM scratch
COPY --from=build /out/greeter /
ENTRYPOINT ["/greeter"]

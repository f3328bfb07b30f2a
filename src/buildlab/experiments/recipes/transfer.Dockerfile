FROM scratch
COPY . /context

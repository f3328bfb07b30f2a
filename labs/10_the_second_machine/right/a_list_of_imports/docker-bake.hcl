variable "REGISTRY" { default = "" }
group "default" { targets = ["beacon"] }
target "beacon" {
  context    = "."
  dockerfile = "Dockerfile"
  tags       = ["${REGISTRY}/app:1"]
  cache-from = ["type=registry,ref=${REGISTRY}/caches:main", "type=registry,ref=${REGISTRY}/caches:branch"]
  cache-to   = ["type=registry,ref=${REGISTRY}/caches:branch,mode=max,compression=zstd"]
}

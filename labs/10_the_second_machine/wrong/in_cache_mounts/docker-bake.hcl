variable "REGISTRY" {
  default = "registry.example.test"
}

target "default" {
  tags       = ["${REGISTRY}/app:1"]
  cache-from = ["type=registry,ref=${REGISTRY}/app:cache"]
  cache-to   = ["type=registry,ref=${REGISTRY}/app:cache,mode=max"]
}

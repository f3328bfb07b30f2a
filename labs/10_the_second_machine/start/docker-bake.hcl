# What each runner of the pipeline builds: docker buildx bake --push
variable "REGISTRY" {
  default = "registry.example.test"
}

target "default" {
  tags       = ["${REGISTRY}/app:1"]
  cache-from = ["type=registry,ref=${REGISTRY}/app:1"]
  cache-to   = ["type=inline"]
}

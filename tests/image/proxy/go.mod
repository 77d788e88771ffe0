module livestream-operator.io/tests/image/proxy

go 1.26.0

all: ; @./run
test: ; @./run test

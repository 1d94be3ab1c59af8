# A thin front to CMake: everything here can be done with cmake, ctest and the scripts it names.
# The first `make run` configures build/release without tests and benchmarks; `make test` and
# `make bench` switch theirs on in the same tree, so that nothing is compiled twice.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test faults bench lint format package archive image new-plugin golden gallery clean product

build := build/release
jobs ?= $(shell nproc)
python := /usr/bin/python3
slim := $(if $(wildcard $(build)/CMakeCache.txt),,-DWEIR_TESTS=OFF -DWEIR_BENCH=OFF)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14 | sed 's/^/  make /'

product:
	@packaging/deps run
	test -f $(build)/CMakeCache.txt || cmake --preset release $(slim)
	cmake --build $(build) --target product -j $(jobs)

run: product ## build the agent and start it with etc/weir.yaml
	@mkdir -p $(build)/../run
	export WEIR_DATA_DIR="$${WEIR_DATA_DIR:-$(CURDIR)/build/run}"
	exec $(build)/bin/weir run -c etc/weir.yaml

test: ## build and run every test, end to end ones too
	@packaging/deps run test kubernetes
	cmake --preset release $(slim) -DWEIR_TESTS=ON
	cmake --build $(build) -j $(jobs)
	ctest --preset release -j $(jobs) -LE e2e
	tests/e2e/run
	tests/kubernetes/run

faults: ## kill the agent, servers, lines and disks; compare what was accepted with what arrived
	@packaging/deps run test
	cmake --preset release $(slim) -DWEIR_TESTS=ON
	cmake --build $(build) -j $(jobs)
	tests/faults/run $(arguments)

bench: ## build and run the benchmarks, each figure beside its budget
	@packaging/deps run test bench
	cmake --preset release $(slim) -DWEIR_BENCH=ON
	cmake --build $(build) -j $(jobs)
	bench/run

lint: ## formatting, clang-tidy, shellcheck and this repository's own rules
	@packaging/deps run test lint
	cmake --preset release $(slim) -DWEIR_TESTS=ON
	tests/tidy/lint

format: ## rewrite C and C++ files as .clang-format says
	@packaging/deps lint
	tests/tidy/lint --format

package: ## Debian packages in build/package, from scratch; from=build/release takes that build
	@packaging/deps run package
	packaging/deb/build $(if $(from),--from $(from)) build/package
	ls -l build/package/*.deb

archive: product ## a .tar.gz of what is installed, in build/archive
	@rm -rf build/archive && mkdir -p build/archive
	cd $(build) && cpack -G TGZ -B $(CURDIR)/build/archive
	ls -l $(CURDIR)/build/archive/*.tar.gz

image: product ## the container image `weir`, of this build
	@packaging/deps container
	packaging/container/tree $(build) build/container/tree
	buildah build -t weir -f packaging/container/Containerfile \
	  --build-context tree=build/container/tree .

new-plugin: ## KIND=source|processor|sink NAME=snake_case: a plugin that builds, from sdk/template
	@sdk/template/new "$(KIND)" "$(NAME)" "plugins/$(KIND)s/$(NAME)"

golden: ## rewrite the golden files from what the code says now; read the diff
	@packaging/deps run test
	cmake --preset release $(slim) -DWEIR_TESTS=ON
	cmake --build $(build) -j $(jobs)
	WEIR_UPDATE_GOLDEN=1 ctest --preset release -L golden
	git status --short

gallery: product ## redraw docs/gallery, the pictures of what rmf_simulator makes
	@packaging/deps docs
	docs/gallery/render

clean: ## remove what was built
	@rm -rf build

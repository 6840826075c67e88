// Nothing: this target only carries the precompiled headers of the tests.

"""Full fakes and conformance suites, public: for our tests and for those of whoever builds on Wheelkeep."""

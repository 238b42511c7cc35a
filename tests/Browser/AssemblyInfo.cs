// Browsers and gateways are heavy, and one test counts frames: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

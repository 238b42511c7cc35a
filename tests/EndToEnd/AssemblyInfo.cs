// Each test starts several processes and some measure memory: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

// Each test starts several processes, which mostly wait: three tests at a time keep two cores busy.
[assembly: CollectionBehavior(MaxParallelThreads = 3)]

// Each test starts several processes, which mostly wait: four tests at a time keep two cores busy.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]

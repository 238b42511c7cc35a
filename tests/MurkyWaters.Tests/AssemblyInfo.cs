// Nodes in one process mostly wait for each other: four tests at a time keep two cores busy.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]

// Gateways in one process mostly wait for their nodes and clients: four tests at a time keep two cores busy.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]

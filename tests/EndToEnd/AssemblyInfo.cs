// Each test starts several processes, which mostly wait: two tests at a time, as many as the smallest machine has cores.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]

// Browsers and gateways are heavy, and mostly wait: two tests at a time, as many as the smallest machine has cores.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: AssemblyFixture(typeof(Browser.Browsers))]

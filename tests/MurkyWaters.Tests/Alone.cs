namespace MurkyWaters.Tests;

/// <summary>Tests that use all of the machine, and run when those are over that others would hold up.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

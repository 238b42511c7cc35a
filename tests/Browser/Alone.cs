namespace Browser;

/// <summary>Tests that count frames: one at a time, when all others are over.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

namespace EndToEnd;

/// <summary>Tests that measure time, or what the rain costs, which others would make dearer: one at a time, when those are over.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

using PouringRain.Protocol;

namespace Gateway.Sharing;

/// <summary>A link that is wanted, when what was sent has been made sense of.</summary>
/// <param name="Resource">What it is to be for.</param>
/// <param name="Path">The name under which that is read; null for none.</param>
/// <param name="Life">How long it is to last.</param>
/// <param name="IsOnce">Whether it is for one download.</param>
internal sealed record LinkRequest(ResourceId Resource, string? Path, TimeSpan Life, bool IsOnce);

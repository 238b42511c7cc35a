using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>What a policy would have archived now, of what this node is to see to.</summary>
/// <param name="After">After how long without being read; zero when the policy is off.</param>
/// <param name="BytesMin">Bytes of a resource at least.</param>
/// <param name="Items">The first of them.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="SmallCount">Resources that are as cold and too small to be worth 16 pieces: they stay as they are.</param>
/// <param name="SmallBytes">Their bytes.</param>
/// <param name="Survives">What the pieces would survive, in a sentence.</param>
/// <param name="IsPossible">Whether that is what the coding can do; otherwise nothing is archived.</param>
public sealed record ArchivePlan(
    TimeSpan After, long BytesMin, IReadOnlyList<ColdResource> Items, long Count, long Bytes, long SmallCount, long SmallBytes,
    string Survives, bool IsPossible);

/// <summary>A resource that has not been read for long.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="LastRead">When it was last read, or rained, here.</param>
/// <param name="FileName">Its file name, or none.</param>
public sealed record ColdResource(ResourceId Id, long Length, DateTimeOffset LastRead, string? FileName);

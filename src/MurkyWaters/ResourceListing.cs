using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>What is kept here of a resource, as a list tells of it.</summary>
public sealed record ListedResource
{
    /// <summary>The resource.</summary>
    public required ResourceId Id { get; init; }

    /// <summary>The version.</summary>
    public required Sha256Digest Version { get; init; }

    /// <summary>When the version was made, in milliseconds of Unix time.</summary>
    public required long Stamp { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>The code that it is rained with.</summary>
    public required string Code { get; init; }

    /// <summary>How it lies in blocks and symbols.</summary>
    public required ResourceLayout Layout { get; init; }

    /// <summary>SHA-256 of the whole.</summary>
    public required Sha256Digest Sha256 { get; init; }

    /// <summary>The media type.</summary>
    public required string ContentType { get; init; }

    /// <summary>The file name, or none.</summary>
    public required string? FileName { get; init; }

    /// <summary>The name under which it was put, as <c>docs/a.txt</c>, or none.</summary>
    public string? Path { get; init; }

    /// <summary>Whether it is kept, or a cached copy that may be evicted.</summary>
    public required bool IsKept { get; init; }

    /// <summary>The coding in whose pieces its bytes are; null when they are here.</summary>
    public string? Coding { get; init; }

    /// <summary>What names are ordered by.</summary>
    internal string NameKey { get; init; } = "";
}

/// <summary>What resources are listed by.</summary>
public enum ResourceSort
{
    /// <summary>The id.</summary>
    Id,

    /// <summary>The file name, without regard to case; those without one first.</summary>
    Name,

    /// <summary>The length in bytes.</summary>
    Length,

    /// <summary>When the version was made.</summary>
    Modified,

    /// <summary>The media type, and those of one type by their names.</summary>
    Type,
}

/// <summary>Which resources are wanted, in what order.</summary>
public sealed record ResourceQuery
{
    /// <summary>Where the page before ended; null for the first.</summary>
    public ResourcePlace? After { get; init; }

    /// <summary>Items of a page at most, from 1.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>The order.</summary>
    public ResourceSort Sort { get; init; }

    /// <summary>Whether the greatest come first.</summary>
    public bool IsDescending { get; init; }

    /// <summary>Words, each of which the file name, the path, the media type or the id has somewhere, without regard to case; null
    /// or empty for all. Those that have all words in their names and paths come first, in the order that is asked for, and the others
    /// behind them.</summary>
    public string? Search { get; init; }
}

/// <summary>Where a page ended.</summary>
/// <param name="Id">Its last resource.</param>
/// <param name="Key">What that was ordered by; empty for the id.</param>
/// <param name="IsBehindNames">Whether a search has told of all whose names have its words, and this is one of the others.</param>
public sealed record ResourcePlace(ResourceId Id, string Key, bool IsBehindNames = false);

/// <summary>A page of resources.</summary>
/// <param name="Items">In the order that was asked for.</param>
/// <param name="Next">What to give as <see cref="ResourceQuery.After"/> for the next page, or null at the end.</param>
public sealed record ResourcePage(IReadOnlyList<ListedResource> Items, ResourcePlace? Next);

using System.Text.Json;
using Gateway.Http;
using Gateway.Resources;
using Microsoft.Extensions.Primitives;
using MurkyWaters;
using PouringRain.Protocol;

namespace Gateway.Uploads;

/// <summary>What the gateway keeps with an upload in several requests, to end it as the first one asked.</summary>
internal sealed record UploadNote
{
    public required int Replicas { get; init; }

    /// <summary>Whether it is to be kept in parts.</summary>
    public bool IsInParts { get; init; }

    /// <summary>Whether it came on the path of the 2012 front.</summary>
    public required bool IsClassic { get; init; }

    /// <summary>Whether it came with an id; without one the conditions are about whatever the whole turns out to be.</summary>
    public bool IsNamed { get; init; } = true;

    public IReadOnlyList<string?> IfMatch { get; init; } = [];

    public IReadOnlyList<string?> IfNoneMatch { get; init; } = [];

    public IReadOnlyList<string?> IfUnmodifiedSince { get; init; } = [];

    /// <summary>The version that was here at the beginning; null when none was.</summary>
    public string? Version { get; init; }

    /// <summary>Digests of the whole that were announced, but for the SHA-256, which the store itself keeps: names and base64.</summary>
    public IReadOnlyDictionary<string, string> Digests { get; init; } = new Dictionary<string, string>();

    /// <summary>What a client of tus has told of it, as it was told; empty for none.</summary>
    public string Metadata { get; init; } = "";

    /// <summary>Notes what a request asked.</summary>
    public static UploadNote Of(IHeaderDictionary headers, UploadRequest request, bool isClassic, Manifest? local) => new()
    {
        Replicas = request.Replicas,
        IsInParts = request.IsInParts,
        Digests = request.Whole.Others.Write(),
        IsClassic = isClassic,
        IsNamed = request.Id is not null,
        IfMatch = [.. headers.IfMatch],
        IfNoneMatch = [.. headers.IfNoneMatch],
        IfUnmodifiedSince = [.. headers.IfUnmodifiedSince],
        Version = local?.Version.ToString(),
    };

    public static UploadNote Read(string text) => JsonSerializer.Deserialize<UploadNote>(text)!;

    public string Write() => JsonSerializer.Serialize(this);

    /// <summary>The preconditions, to be evaluated once more at the commit: what stood then may
    /// stand no more; null when there are none.</summary>
    /// <param name="time">The time.</param>
    /// <param name="isEverywhere">Whether it is asked with the newest version of all nodes.</param>
    public Func<StoredResource?, bool>? ToPrecondition(TimeProvider time, bool isEverywhere)
    {
        IHeaderDictionary headers = new HeaderDictionary();
        headers.IfMatch = new StringValues([.. IfMatch]);
        headers.IfNoneMatch = new StringValues([.. IfNoneMatch]);
        headers.IfUnmodifiedSince = new StringValues([.. IfUnmodifiedSince]);
        if (!Preconditions.AreAnyIn(headers))
        {
            return null;
        }

        return stored =>
        {
            var current = stored is { Manifest.IsDeleted: false } ? stored.Manifest : null;
            return (IsNamed && !isEverywhere && current?.Version.ToString() == Version)
                || Preconditions.Evaluate(headers, isRead: false, current, time.GetUtcNow()) != Preconditions.Outcome.Failed;
        };
    }
}

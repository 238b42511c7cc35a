using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Gateway.Http;
using MurkyWaters;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace Gateway.Resources;

/// <summary>A resource as the API tells of it.</summary>
/// <example>
/// {
/// "id": "42", "length": 50000000, "etag": "\"d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d\"",
/// "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "contentType": "video/mp4",
/// "fileName": "holiday.mp4", "path": null, "code": "raptorq", "blockSize": 1048576, "symbolSize": 1408, "blocks": 48,
/// "version": "d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d",
/// "modified": "2026-11-21T06:10:07.642+00:00", "replicas": 1, "wanted": 1, "holders": ["7c0d8b52a1f04e6c93b1d6f0a2e4c811"],
/// "storage": "replicated", "survives": null, "pieces": null
/// }
/// </example>
internal record ResourceSummary
{
    [SetsRequiredMembers]
    private protected ResourceSummary(ResourceId id, Manifest manifest, MurkyNode node, int? replicas)
    {
        Id = id.ToString();
        Length = manifest.Layout.Length;
        Etag = Preconditions.EntityTagOf(manifest);
        Sha256 = manifest.Sha256.ToString();
        ContentType = manifest.ContentType;
        FileName = manifest.FileName;
        Path = ResourcePath.IsNamed(id, manifest.Path) ? manifest.Path : null;
        Code = manifest.Code;
        BlockSize = manifest.Layout.BlockBytes;
        SymbolSize = manifest.Layout.SymbolSize;
        Blocks = manifest.Layout.BlockCount;
        Version = manifest.Version.ToString();
        Modified = DateTimeOffset.FromUnixTimeMilliseconds(manifest.Stamp);
        (Holders, Wanted) = HoldersOf(id, node);
        Replicas = replicas ?? Holders.Count;
        var archived = node.FindArchived(id);
        (Storage, Survives, Pieces) = StorageOf(archived);
    }

    [SetsRequiredMembers]
    private ResourceSummary(ListedResource resource, MurkyNode node)
    {
        Id = resource.Id.ToString();
        Length = resource.Length;
        Etag = $"\"{resource.Version}\"";
        Sha256 = resource.Sha256.ToString();
        ContentType = resource.ContentType;
        FileName = resource.FileName;
        Path = resource.Path;
        Code = resource.Code;
        BlockSize = resource.Layout.BlockBytes;
        SymbolSize = resource.Layout.SymbolSize;
        Blocks = resource.Layout.BlockCount;
        Version = resource.Version.ToString();
        Modified = DateTimeOffset.FromUnixTimeMilliseconds(resource.Stamp);
        (Holders, Wanted) = HoldersOf(resource.Id, node);
        Replicas = Holders.Count;
        (Storage, Survives, Pieces) = StorageOf(resource.Coding is { } coding ? node.ArchivedOf(resource.Id, coding) : null);
    }

    /// <summary>The 64-bit number, as a string because browsers round such numbers.</summary>
    public required string Id { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>The entity tag, with its quotes.</summary>
    public required string Etag { get; init; }

    /// <summary>SHA-256 of the bytes, hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The media type.</summary>
    public required string ContentType { get; init; }

    /// <summary>The file name, if the sender gave one.</summary>
    public required string? FileName { get; init; }

    /// <summary>The path behind /files/ that it is named by, if it is.</summary>
    public required string? Path { get; init; }

    /// <summary>The erasure code that it is rained with.</summary>
    public required string Code { get; init; }

    /// <summary>Bytes of a source block.</summary>
    public required int BlockSize { get; init; }

    /// <summary>Bytes of a symbol.</summary>
    public required int SymbolSize { get; init; }

    /// <summary>Source blocks.</summary>
    public required int Blocks { get; init; }

    /// <summary>SHA-256 of the manifest, hexadecimal: names this version among all others.</summary>
    public required string Version { get; init; }

    /// <summary>When this version was made.</summary>
    public required DateTimeOffset Modified { get; init; }

    /// <summary>Nodes that are known to keep this version, as the node that answers sees it; a cached copy does not count.</summary>
    public required int Replicas { get; init; }

    /// <summary>Nodes that are to keep it, as Cluster:Replicas says and as far as there are so many.</summary>
    public required int Wanted { get; init; }

    /// <summary>Their ids, as in GET /nodes.</summary>
    public required IReadOnlyList<string> Holders { get; init; }

    /// <summary>replicated: in whole copies; parts: in parts, two replicas of each, which a chain of nodes can encode; or archived: in
    /// coded pieces. Of the last two those who keep it keep what it is alone.</summary>
    public required string Storage { get; init; }

    /// <summary>Of one that is archived, or in parts, how many nodes can be lost, whichever they are, as was counted last; null for any
    /// other, and when the node that answers has not counted.</summary>
    public required int? Survives { get; init; }

    /// <summary>Of one that is archived, or in parts, which node had which pieces when they were counted last; null likewise.</summary>
    public required IReadOnlyList<HeldPieces>? Pieces { get; init; }

    public static ResourceSummary Of(StoredResource resource, MurkyNode node, int? replicas = null) =>
        new(resource.Id, resource.Manifest, node, replicas);

    public static ResourceSummary Of(ListedResource resource, MurkyNode node) => new(resource, node);

    private static (string Storage, int? Survives, IReadOnlyList<HeldPieces>? Pieces) StorageOf(ArchivedState? archived) =>
        archived is null ? ("replicated", null, null)
        : (archived.Coding == "parts" ? "parts" : "archived", archived.Survives,
            archived.Places.Count == 0 ? null
                : [.. archived.Places.Select(place => new HeldPieces(place.Node.ToString(), place.Pieces))]);

    private static (IReadOnlyList<string> Holders, int Wanted) HoldersOf(ResourceId id, MurkyNode node)
    {
        var (holders, wanted) = node.HoldersOf(id);
        return ([.. holders.Select(holder => holder.ToString())], wanted);
    }
}

/// <summary>The pieces of a resource that one node has.</summary>
/// <param name="Node">The node's id, as in GET /nodes.</param>
/// <param name="Indexes">Which pieces, from 0.</param>
internal sealed record HeldPieces(string Node, IReadOnlyList<int> Indexes);

/// <summary>A page of resources.</summary>
/// <param name="Items">In the order that was asked for.</param>
/// <param name="Next">What to give as <c>after</c> for the next page; null at the end.</param>
internal sealed record ResourceList(IReadOnlyList<ResourceSummary> Items, string? Next);

/// <summary>The whole manifest of a resource.</summary>
/// <example>
/// {
/// "id": "42", "length": 50000000, "etag": "\"d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d\"",
/// "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "contentType": "video/mp4",
/// "fileName": "holiday.mp4", "path": null, "code": "raptorq", "blockSize": 1048576, "symbolSize": 1408, "blocks": 48,
/// "version": "d8a624a3ffa3d942f2bf0e9ac8d2bb1b7e9d2a4f3c1e5a6b7c8d9e0f1a2b3c4d",
/// "modified": "2026-11-21T06:10:07.642+00:00", "replicas": 1, "wanted": 1, "holders": ["7c0d8b52a1f04e6c93b1d6f0a2e4c811"],
/// "storage": "replicated", "survives": null, "pieces": null, "blockDigestAlgorithm": "blake3",
/// "blockDigests": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
/// }
/// </example>
internal sealed record ManifestView : ResourceSummary
{
    private readonly Manifest _manifest;

    [SetsRequiredMembers]
    public ManifestView(ResourceId id, Manifest manifest, MurkyNode node)
        : base(id, manifest, node, replicas: null) => _manifest = manifest;

    /// <summary>What the digests of the blocks are made with: blake3 or sha256.</summary>
    [JsonPropertyOrder(1)]
    public string BlockDigestAlgorithm =>
        _manifest.BlockDigestAlgorithm == PouringRain.Protocol.BlockDigestAlgorithm.Blake3 ? "blake3" : "sha256";

    /// <summary>Digest of every source block, hexadecimal.</summary>
    /// <remarks>Made one by one while they are written, for there may be millions.</remarks>
    [JsonPropertyOrder(1)]
    public IEnumerable<string> BlockDigests
    {
        get
        {
            for (var i = 0; i < _manifest.Layout.BlockCount; i++)
            {
                yield return _manifest.BlockDigests[i].ToString();
            }
        }
    }
}

/// <summary>What the 2012 front answered to an upload.</summary>
/// <param name="Response">Always <c>Ok.</c></param>
/// <example>{ "response": "Ok." }</example>
internal sealed record ClassicAnswer(string Response);

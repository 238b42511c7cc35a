using MurkyWaters.Cluster;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Store;

/// <summary>Gives what is here another name: a new version, of another id, of the same bytes, which are kept once.</summary>
internal static class StoreCopy
{
    /// <summary>Makes the copy.</summary>
    /// <param name="store">Where both are.</param>
    /// <param name="source">What is copied, with a lease of its bytes that the caller has.</param>
    /// <param name="path">The new name.</param>
    /// <param name="precondition">As of <see cref="UploadOptions.Precondition"/>, of what has the new name; null for none.</param>
    /// <param name="cancellationToken">Ends the waiting for a turn.</param>
    /// <returns>The end, as of an upload.</returns>
    /// <exception cref="StoreException">The store does not take it.</exception>
    /// <exception cref="ClusterUnavailableException">The conditions cannot be decided just now.</exception>
    public static async Task<UploadResult> MakeAsync(
        ResourceStore store, StoreEntry source, string path, Func<StoredResource?, bool>? precondition, CancellationToken cancellationToken)
    {
        store.Files.Health.ThrowIfReadOnly();
        var id = ResourcePath.IdOf(path);
        await using var write = precondition is not null && store.ConditionalWrites is { } writes
            ? await writes.EnterAsync(
                id, found => precondition(found is null ? null : new StoredResource(id, found, Retention.Kept)), cancellationToken)
            : null;
        UploadResult result;
        using (await store.EnterAsync(id, cancellationToken))
        {
            var elsewhere = write?.NewestStamp ?? (store.AskNewest is { } ask ? await ask(id, cancellationToken) : long.MinValue);
            result = await CommitAsync(store, source, id, path, precondition, write, elsewhere);
        }

        if (write is not null && result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced)
        {
            await write.SettleAsync(result.Resource!.Manifest);
        }

        return result;
    }

    private static async Task<UploadResult> CommitAsync(
        ResourceStore store, StoreEntry source, ResourceId id, string path, Func<StoredResource?, bool>? precondition,
        ConditionalWrite? write, long elsewhere)
    {
        var ground = WriteGround.Of(store, id, write);
        if (ground.Refuse(write, precondition, path) is { } refusal)
        {
            return refusal;
        }

        write?.ThrowIfLost();
        var from = source.Resource.Manifest;
        if (store.NextStamp(ground.Known?.Manifest, elsewhere) is not { } stamp)
        {
            return new UploadResult(UploadOutcome.NoLaterVersion, ground.Current);
        }

        var manifest = Manifest.Create(
            from.Layout, from.Code, stamp, from.Sha256, from.ContentType, ResourcePath.NameOf(path), from.BlockDigests,
            (from.IsAttachment ? ManifestFlags.Attachment : 0)
                | (StoreUpload.IsSameSecond(ground.Known?.Manifest, stamp) ? ManifestFlags.DateWeak : 0),
            from.BlockDigestAlgorithm, path);
        var resource = new StoredResource(id, manifest, Retention.Kept);
        await store.CommitCopyAsync(resource, source.Blob!);
        return new UploadResult(ground.Newest is null ? UploadOutcome.Created : UploadOutcome.Replaced, resource);
    }
}

using MurkyWaters.Cluster;
using MurkyWaters.Store;
using PouringRain.Protocol.Naming;

namespace MurkyWaters;

/// <summary>What is found, listed and copied by names.</summary>
public sealed partial class MurkyNode
{
    /// <summary>A page of a folder, merged over the nodes that answer within seconds.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public Task<FolderPage> ListFolderAsync(FolderQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _folders.ListAsync(query, cancellationToken);
    }

    /// <summary>Gives a resource another name: on this node's disk both have the same bytes. What is not here whole comes from where it is
    /// read from.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="target">The other name.</param>
    /// <param name="precondition">As of <see cref="UploadOptions.Precondition"/>, of what has the other name; null for none.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The end, as of an upload; or why it was not found.</returns>
    /// <exception cref="FetchFailedException">Not all of it came.</exception>
    /// <exception cref="StoreException">The store does not take it.</exception>
    /// <exception cref="ClusterUnavailableException">The conditions cannot be decided just now.</exception>
    public async Task<(UploadResult? Result, OpenResult? Missing)> CopyAsync(
        string path, string target, Func<StoredResource?, bool>? precondition, CancellationToken cancellationToken)
    {
        var id = ResourcePath.IdOf(path);
        while (_store.FindEntry(id) is { IsTombstone: false } entry && entry.Resource.Manifest.Path == path)
        {
            if (_store.TryLease(entry) is not { } lease)
            {
                continue;
            }

            using (lease)
            {
                var result = await StoreCopy.MakeAsync(_store, entry, target, precondition, cancellationToken);
                if (result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced)
                {
                    TellClassic(result.Resource!);
                }

                return (result, null);
            }
        }

        var opened = await OpenAsync(id, new OpenOptions(), cancellationToken);
        if (opened.Reader is not { } reader)
        {
            return (null, opened);
        }

        await using (reader)
        {
            return reader.Manifest.Path != path
                ? (null, new OpenResult(OpenStatus.NotFound, null, []))
                : (await ReadIntoAsync(reader, target, precondition, cancellationToken), null);
        }
    }

    private async Task<UploadResult> ReadIntoAsync(
        ResourceReader reader, string target, Func<StoredResource?, bool>? precondition, CancellationToken cancellationToken)
    {
        var manifest = reader.Manifest;
        await using var upload = BeginUpload(new UploadOptions
        {
            Id = ResourcePath.IdOf(target),
            Path = target,
            Length = manifest.Layout.Length,
            ContentType = manifest.ContentType,
            FileName = ResourcePath.NameOf(target),
            IsAttachment = manifest.IsAttachment,
            Code = manifest.Code,
            ExpectedSha256 = manifest.Sha256,
            Precondition = precondition,
        });
        await reader.ReadAllAsync(bytes => upload.WriteAsync(bytes, cancellationToken), cancellationToken);
        return await upload.CommitAsync(cancellationToken);
    }
}

using System.Security.Cryptography;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Deploying;

/// <summary>Takes what comes on a group into the store, where a fetch goes on with it.</summary>
internal sealed class GroupIntake(ResourceStore store, DeployOrder order) : IGroupSink, IDisposable
{
    private BlocksLease? _lease;

    /// <inheritdoc/>
    public ulong[] OnManifest(Manifest manifest)
    {
        if (store.FindEntry(order.Resource) is { } entry && !manifest.IsNewerThan(entry.Resource.Manifest))
        {
            throw new IOException("What is here is newer.");
        }

        _lease = store.LeaseForFetch(order.Resource, manifest, mustRain: true);
        return _lease.Blocks.CopyHeld();
    }

    /// <inheritdoc/>
    public void OnBlock(int blockIndex, ReadOnlySpan<byte> block)
    {
        var blocks = _lease!.Blocks;
        if (!blocks.HasBlock(blockIndex))
        {
            if (!store.TryMakeRoom(block.Length, countsForQuota: !blocks.IsExempt))
            {
                throw new StoreFullException("The disk has no room for a block.");
            }

            blocks.Write(blockIndex, block);
        }
    }

    /// <inheritdoc/>
    public Sha256Digest ReadBack()
    {
        using var file = _lease!.Blocks.OpenToSend();
        return Sha256Digest.Read(SHA256.HashData(file));
    }

    public void Dispose() => _lease?.Dispose();
}

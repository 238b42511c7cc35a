using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Takes in what one round brings: the version, where that was not known, and its
/// blocks, which it writes where they belong.</summary>
internal sealed class FetchSink : IFetchSink
{
    private readonly FetchContext _context;
    private readonly SharedFetch _fetch;
    private readonly bool _mayPass;
    private FetchBlocks? _blocks;

    /// <param name="context">What it works with.</param>
    /// <param name="fetch">Whose it is.</param>
    /// <param name="blocks">Where blocks go; null while the version is not known.</param>
    /// <param name="mayPass">Whether what the disk does not take may pass through memory, from which it goes and has to come again.</param>
    public FetchSink(FetchContext context, SharedFetch fetch, FetchBlocks? blocks, bool mayPass)
    {
        _mayPass = mayPass;
        _context = context;
        _fetch = fetch;
        _blocks = blocks;
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<ulong>? OnManifest(Manifest manifest)
    {
        if (_blocks is null)
        {
            var entry = _context.Store.FindEntry(_fetch.Id);
            if (manifest.IsDeleted || (entry is not null && entry.Resource.Manifest.IsNewerThan(manifest)))
            {
                _fetch.RefuseManifest(manifest);
                return null;
            }

            var lease = _context.Store.LeaseForFetch(_fetch.Id, manifest, mustRain: _fetch.IsRainOnly);
            lease.Blocks.IsExempt |= _fetch.KeptAs == Retention.Kept;
            _blocks = _fetch.TakeManifest(manifest, lease);
        }

        return _blocks.Manifest.Version == manifest.Version ? _blocks.CopyHeld() : null;
    }

    /// <inheritdoc/>
    public void OnBlock(int blockIndex, ReadOnlySpan<byte> block)
    {
        var blocks = _blocks ?? throw new InvalidOperationException("A block came before the manifest.");
        if (blocks.HasBlock(blockIndex))
        {
            return;
        }

        try
        {
            if (!blocks.IsPassing)
            {
                Write(blocks.Disk, blockIndex, block);
                return;
            }
        }
        catch (StoreException error) when (_mayPass)
        {
            // Nobody is given less for that: this block and those in work come again, to be passed on.
            if (blocks.BeginPassing())
            {
                _fetch.NoteNoRoom(error.Message);
            }
        }

        blocks.TryTake(blockIndex, block);
    }

    /// <inheritdoc/>
    public void OnSourceEvent(FetchEvent fetchEvent)
    {
        var endpoint = _context.Servers.NameOf(fetchEvent.Peer);
        switch (fetchEvent.Kind)
        {
            case FetchEventKind.SourceLied:
                FetchLog.SourceLied(_context.Logger, endpoint, _fetch.Id, _fetch.Number);
                _context.Servers.NoteLie(fetchEvent.Peer);
                break;
            case FetchEventKind.SourceStale:
                FetchLog.SourceStale(_context.Logger, endpoint, _fetch.Id);
                _fetch.NoteStaleServer();
                break;
        }
    }

    private void Write(VerifiedBlocks disk, int blockIndex, ReadOnlySpan<byte> block)
    {
        if (disk is PartialBlob && !_context.Store.TryMakeRoom(block.Length, countsForQuota: !disk.IsExempt))
        {
            throw new StoreFullException("The disk has no room for a fetched block.");
        }

        disk.Write(blockIndex, block);
    }
}

using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Takes in what one round brings: the version, where that was not known, and its blocks, which it writes where they belong.</summary>
internal sealed class FetchSink : IFetchSink
{
    private readonly FetchContext _context;
    private readonly SharedFetch _fetch;
    private VerifiedBlocks? _blocks;

    /// <param name="context">What it works with.</param>
    /// <param name="fetch">Whose it is.</param>
    /// <param name="blocks">Where blocks go; null while the version is not known.</param>
    public FetchSink(FetchContext context, SharedFetch fetch, VerifiedBlocks? blocks)
    {
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
                _fetch.TakeManifest(manifest, null);
                return null;
            }

            var lease = _context.Store.LeaseForFetch(_fetch.Id, manifest, mustRain: _fetch.IsRainOnly);
            lease.Blocks.IsExempt |= _fetch.KeptAs == ResourceOrigin.Put;
            _blocks = lease.Blocks;
            _fetch.TakeManifest(manifest, lease);
        }

        return _blocks.Manifest.Version == manifest.Version ? _blocks.CopyHeld() : null;
    }

    /// <inheritdoc/>
    public void OnBlock(int blockIndex, ReadOnlySpan<byte> block)
    {
        var blocks = _blocks ?? throw new InvalidOperationException("A block came before the manifest.");
        if (blocks is PartialBlob && !blocks.HasBlock(blockIndex) && !_context.Store.TryMakeRoom(block.Length, countsForQuota: !blocks.IsExempt))
        {
            throw new StoreFullException("The disk has no room for a fetched block.");
        }

        blocks.Write(blockIndex, block);
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
                _fetch.NoteStaleServer(fetchEvent.Peer);
                break;
        }
    }
}

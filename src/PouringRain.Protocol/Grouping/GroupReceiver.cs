using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol.Grouping;

/// <summary>
/// Takes what a <see cref="GroupSender"/> rains. Sans-I/O: whoever owns the sockets gives it all that comes to the group and all that comes
/// to the socket from which it sends, then calls <see cref="TryPollEvent"/>, <see cref="TryPollWork"/> and <see cref="TryPollTransmit"/>
/// until there is nothing, then waits until <see cref="NextTimeout"/>. Time never goes back. Not thread-safe; <see cref="BlockWork"/> alone
/// runs elsewhere.
/// </summary>
/// <remarks>
/// <code>
/// GroupStream    the stream that is taken, and how far its sender is
/// GroupArrivals  what arrives of it; GroupHeld: what is kept
/// FetchBlocks    blocks and symbols, those of any fetch
/// GroupNeeds     what the sender is asked for
/// GroupReports   what the sender is told
/// GroupCrawl     whether unicast would be much faster
/// </code>
/// </remarks>
public sealed partial class GroupReceiver : IDisposable
{
    /// <summary>Wrong blocks of a stream after which nothing more is taken of it, where there is a way by unicast.</summary>
    private const int WrongBlocksMax = 3;

    /// <summary>Droplets after which the loss that they show is told.</summary>
    private const int LossKnownAfter = 256;

    /// <summary>Rain servers of the version that are remembered, and streams that may be taken when nothing comes of the one that
    /// is.</summary>
    private const int ServersMax = 8, RivalsMax = 8;

    private static readonly TimeSpan RivalAfter = TimeSpan.FromSeconds(1);

    private readonly GroupReceiverOptions _options;
    private readonly Queue<GroupReceiverEventKind> _events = new();
    private readonly GroupArrivals _arrivals = new();
    private readonly GroupHeld _held = new();
    private readonly List<PeerAddress> _servers = [];
    private readonly GroupStream?[] _rivals = new GroupStream?[RivalsMax];
    private readonly FetchBlocks _blocks;
    private readonly GroupNeeds _needs;
    private readonly GroupReports _reports;
    private readonly GroupCrawl _crawl;
    private SymbolSource _source = new(default);
    private GroupStream? _stream;
    private Instant _now;
    private bool _isManifestTold, _isManifestOwed, _hasAnswered, _isDisposed, _isOnUnicast, _wasToldOfUnicast, _wasCompleted;
    private int _wrongBlocks, _blocksFromGroup, _worksOut;
    private Instant _askAt;
    private (uint Id, PeerAddress Sender) _refused;
    private uint _nextRival;
    private GroupFailure _failure;
    private Sha256Digest? _readBack;

    /// <summary>Makes a receiver, which listens.</summary>
    /// <param name="options">What it takes.</param>
    /// <param name="seed">Seeds its random choices.</param>
    /// <param name="now">The time.</param>
    public GroupReceiver(GroupReceiverOptions options, ulong seed, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _now = now;
        _blocks = new FetchBlocks(options.WindowBytesMax, []);
        _needs = new GroupNeeds(_blocks, _held, _arrivals, seed);
        _reports = new GroupReports(options.Identity, ~seed);
        _crawl = new GroupCrawl(_arrivals, seed ^ ~(seed >> 32));
        _askAt = options.Sender is null || options.IsSilent ? Instant.Never : now;
    }

    /// <summary>The stream that is taken; null before one was found.</summary>
    public uint? StreamId => _stream?.Id;

    /// <summary>What it is of; meaningless before a stream was found.</summary>
    public ResourceId Resource => _stream?.Resource ?? default;

    /// <summary>The version; meaningless before a stream was found.</summary>
    public Sha256Digest Version => _stream?.Version.Version ?? default;

    /// <summary>The manifest, once known.</summary>
    public Manifest? Manifest => _blocks.Manifest;

    /// <summary>Where the stream comes from; null before one was found and, where it is sealed, has answered.</summary>
    public PeerAddress? Sender => IsBelieved ? _stream?.Sender : null;

    /// <summary>Where the same can be had by unicast, by the sender's word; null when nowhere.</summary>
    public PeerAddress? RainServer => _stream?.RainServer;

    /// <summary>Why what is missing is to be had by unicast; <see cref="GroupUnicastReason.None"/> while it comes on the group.</summary>
    public GroupUnicastReason UnicastReason { get; private set; }

    /// <summary>How far it has come.</summary>
    public GroupReceiverState State =>
        _failure != GroupFailure.None ? GroupReceiverState.Failed
        : _readBack is not null ? GroupReceiverState.Done
        : _wasCompleted ? GroupReceiverState.Verifying
        : Manifest is null ? GroupReceiverState.Waiting : GroupReceiverState.Receiving;

    /// <summary>Why it ended, or <see cref="GroupReceiverEndReason.None"/>.</summary>
    public GroupReceiverEndReason EndReason { get; private set; }

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout
    {
        get
        {
            if (_events.Count > 0)
            {
                return _now;
            }

            if (EndReason != GroupReceiverEndReason.None || _stream is null)
            {
                return EndReason == GroupReceiverEndReason.None ? _askAt : Instant.Never;
            }

            var due = _options.IsSilent ? Instant.Never : Instant.Min(_reports.Due, _needs.Due);
            due = Instant.Min(due, MayCrawl ? _crawl.Due : Instant.Never);
            return Instant.Min(due, Instant.Min(SilentAt, LeftAt));
        }
    }

    /// <summary>Takes one datagram, of the group or of the sender's answers; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        _now = now;
        if (EndReason != GroupReceiverEndReason.None || !WireFormat.TryReadHeader(datagram, out var type, out var streamId))
        {
            return;
        }

        if (type == MessageType.Droplet)
        {
            if (_stream is { } rained && streamId == rained.Id && from == rained.Sender)
            {
                OnDroplet(now, rained, datagram);
            }
            else
            {
                OnDropletOfAnother(now, streamId, from);
            }

            return;
        }

        if (!GroupMessage.TryReadHeader(datagram, out var kind, out _))
        {
            return;
        }

        if (kind == GroupMessageKind.Announce)
        {
            OnAnnounce(now, from, datagram);
        }
        else if (_stream is { } stream && streamId == stream.Id && from == stream.Sender)
        {
            OnMessage(now, stream, kind, datagram);
        }
    }

    /// <summary>Writes what is to be sent next, always to the sender; false when nothing is due yet.</summary>
    /// <param name="now">The time.</param>
    /// <param name="buffer">At least 1500 bytes.</param>
    /// <param name="transmit">What was written.</param>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        _now = now;
        transmit = default;
        if (EndReason != GroupReceiverEndReason.None)
        {
            return false;
        }

        if (_stream is not { } stream)
        {
            return TryAsk(now, buffer, out transmit);
        }

        LookForSilence(now, stream);
        if (_stream != stream || EndReason != GroupReceiverEndReason.None || _options.IsSilent)
        {
            return false;
        }

        var length = 0;
        if (MayCrawl && _crawl.TryJudge(now))
        {
            TurnToUnicast(GroupUnicastReason.Crawls);
        }

        if (now >= _reports.Due)
        {
            if (State is GroupReceiverState.Done or GroupReceiverState.Failed && _reports.IsHopeless)
            {
                End(_failure == GroupFailure.None ? GroupReceiverEndReason.Unacknowledged : GroupReceiverEndReason.Failed);
                return false;
            }

            _crawl.Look();
            length = _reports.Write(now, buffer, stream.Id, Report(now), stream.Announce.ReportMilliseconds);
        }
        else if (MayCrawl && _crawl.TryAsk(now, out var number))
        {
            length = new TrainRequestMessage { StreamId = stream.Id, Token = _reports.Token, Number = number }.Write(buffer);
        }
        else if (now < _needs.Due || !_needs.TryWrite(now, stream, _reports.Token, buffer, out length))
        {
            return false;
        }

        transmit = new Transmit(stream.Sender, length, length);
        return true;
    }

    /// <summary>What the owner should know of, oldest first.</summary>
    public bool TryPollEvent(out GroupReceiverEventKind kind)
    {
        var isThere = _events.TryDequeue(out kind);
        _isManifestTold |= isThere && kind == GroupReceiverEventKind.ManifestReady;
        if (isThere && kind == GroupReceiverEventKind.ManifestReady)
        {
            // The owner says which blocks it has before it polls again; a resource may have none.
            CheckCompleted();
        }

        return isThere;
    }

    /// <summary>Says which blocks the owner has already: bit i of word i / 64. Only in answer to
    /// <see cref="GroupReceiverEventKind.ManifestReady"/>.</summary>
    public void MarkHeld(ReadOnlySpan<ulong> bitmap)
    {
        for (var i = 0; Manifest is not null && i < _blocks.Layout.BlockCount && i / 64 < bitmap.Length; i++)
        {
            if ((bitmap[i / 64] & (1UL << (i % 64))) != 0 && _held.Add(i)
                && _blocks.Find((uint)i) is { Phase: BlockPhase.Collecting or BlockPhase.Ready } block)
            {
                _blocks.Close(block);
            }
        }

        CheckCompleted();
    }

    /// <summary>A block that has enough symbols: the owner calls <see cref="BlockWork.Run"/> on any thread, keeps the verified bytes,
    /// and gives the work back with <see cref="CompleteWork"/>.</summary>
    public bool TryPollWork([NotNullWhen(true)] out BlockWork? work)
    {
        work = null;
        if (!_isManifestTold || _isOnUnicast || EndReason != GroupReceiverEndReason.None || !_blocks.TryTakeWork(out work))
        {
            return false;
        }

        _worksOut++;
        return true;
    }

    /// <summary>Takes a work back. A block that was verified and <paramref name="kept"/> is done and its memory is used again; one that was
    /// not goes on collecting. One that was verified and could not be kept is an end: <see cref="Fail"/>.</summary>
    public void CompleteWork(Instant now, BlockWork work, bool kept)
    {
        ArgumentNullException.ThrowIfNull(work);
        _now = now;
        _worksOut--;
        var block = work.Block;
        if (_isDisposed || _blocks.Find(block.BlockNumber) != block)
        {
            block.Phase = BlockPhase.Done;
            block.Decoder?.Dispose();
            return;
        }

        block.Phase = BlockPhase.Ready;
        if (work.IsVerified && kept)
        {
            _blocks.CountVerified(block);
            _blocks.Close(block);
            _blocksFromGroup++;
            _held.Add(block.Index);
            CheckCompleted();
        }
        else if (work.IsVerified)
        {
            _blocks.Close(block);
            Fail(now, GroupFailure.NotWritable);
        }
        else if (work.IsDecoded)
        {
            OnWrong(block);
        }
        else
        {
            _blocks.GoOn(block);
            if (_stream is { } stream)
            {
                _needs.Wake(now, stream);
            }
        }

        TellUnicast();
    }

    /// <summary>What is to be fetched by unicast, in answer to <see cref="GroupReceiverEventKind.TurnToUnicast"/>: of
    /// the rain servers that senders of the version have named, and of any other server. The fetch goes on with the symbols that came on
    /// the group. When it says that the manifest is there, that is told with <see cref="OnManifest"/>, and it is told with
    /// <see cref="CopyHeld"/>
    /// of the blocks that are kept; each block that it brings is told with <see cref="OnKept"/>. When it fails, this may be asked
    /// again.</summary>
    /// <returns>Null when it is not time for it: another stream rains after all, and what is missing comes on the group.</returns>
    public FetchRequest? HandOver()
    {
        if (_stream is not { } stream || _servers.Count == 0 || !_isOnUnicast || _worksOut > 0)
        {
            return null;
        }

        return new FetchRequest
        {
            Resource = stream.Resource,
            Version = stream.Version.Version,
            Servers = [.. _servers],
            IsOrdered = false,
            Beginning = new FetchBeginning(stream.Version, Manifest, _blocks.GiveAway()),
        };
    }

    /// <summary>Copies which blocks are kept: bit i of word i / 64.</summary>
    public ulong[] CopyHeld() => _held.Bitmap.ToArray();

    /// <summary>A fetch that was handed over knows the manifest: it need not come on the group any more.</summary>
    public void OnManifest(Instant now, Manifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        _now = now;
        if (_stream is not { } stream || manifest.Version != stream.Version.Version)
        {
            return;
        }

        if (Manifest is null && manifest.Layout == stream.Version.Layout)
        {
            _blocks.TakeManifestAtOnce(manifest);
            _reports.OnNews(now, stream.Announce.ReceiverCount);
        }

        _isManifestTold = true;
        CheckCompleted();
    }

    /// <summary>A block that came by unicast is verified and kept.</summary>
    public void OnKept(Instant now, int blockIndex)
    {
        _now = now;
        if (_stream is not null && (uint)blockIndex < (uint)_blocks.Layout.BlockCount && _held.Add(blockIndex))
        {
            if (_blocks.Find((uint)blockIndex) is { Phase: BlockPhase.Collecting or BlockPhase.Ready } block)
            {
                _blocks.Close(block);
            }

            CheckCompleted();
        }
    }

    /// <summary>All was read back and has this digest: the sender is told so, until it acknowledges it.</summary>
    /// <param name="now">The time.</param>
    /// <param name="readBack">SHA-256 of the whole as it was read back. When it is not the manifest's, that is a failure.</param>
    public void SendReceipt(Instant now, Sha256Digest readBack)
    {
        _now = now;
        if (Manifest is not { } manifest || readBack != manifest.Sha256)
        {
            Fail(now, GroupFailure.ReadBackDiffers);
            return;
        }

        _readBack = readBack;
        TellEnd(now, GroupReceiverEndReason.Unacknowledged);
    }

    /// <summary>Gives up: the sender is told why, until it acknowledges it. Before a stream was found it is told to the first that is; who
    /// only leaves has nobody to tell, and ends.</summary>
    public void Fail(Instant now, GroupFailure reason)
    {
        _now = now;
        _failure = reason == GroupFailure.None ? GroupFailure.Other : reason;
        if (_stream is not null || reason == GroupFailure.Cancelled)
        {
            TellEnd(now, GroupReceiverEndReason.Failed);
        }
    }

    /// <summary>Its figures now.</summary>
    public GroupReceiverSnapshot Snapshot() => new()
    {
        Blocks = _held.Count,
        BlocksFromGroup = _blocksFromGroup,
        Droplets = _arrivals.Droplets,
        DropletsTaken = _blocks.DropletsReceived,
        Loss = _arrivals.Loss,
        RateBitsPerSecond = _arrivals.RateBitsPerSecond,
        Round = _stream?.Round ?? 0,
        FirstBlock = _stream?.FirstBlock ?? 0,
        SenderRateBitsPerSecond = (_stream?.Announce.KilobitsPerSecond ?? 0) * 1000L,
        Receivers = (int)Math.Min(_stream?.Announce.ReceiverCount ?? 0, int.MaxValue),
        TrainBitsPerSecond = _crawl.TrainBitsPerSecond,
        OpenBytes = _blocks.Open.Sum(static block => (long)block.Memory.Length),
        WrongBlocks = _wrongBlocks,
    };

    /// <summary>Gives decoders and buffers back.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _blocks.Dispose();
        }
    }
}

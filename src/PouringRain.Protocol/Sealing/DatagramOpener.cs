using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PouringRain.Protocol.Sealing;

/// <summary>
/// Opens what one socket receives; see <see cref="SealedFormat"/>. Total: any bytes may be given. Keeps a bounded number of
/// senders, each with a window against replays; a sender is kept only once a datagram of it has opened, so that strangers cost
/// no memory, and of their datagrams only some a second are tried (<see cref="StrangerBudget"/>). Not thread-safe.
/// </summary>
/// <remarks>
/// What a forgery may cost, which is a decryption and an exception (3.5 us) once it is tried. In the name of a known sender a droplet can
/// be forged by whoever can send from its address. After <see cref="ForgeryBurstCount"/> that did not open (and as many a second) only
/// droplets are tried that continue what the sender sent, within <see cref="NearCount"/> of its counter: nobody who does not see its
/// datagrams knows where that is, and one guess of a thousand hits. The sender itself is not silenced: it stays near its counter, and if
/// ever more than that was lost, its next full datagram tells the counter. A full datagram needs the sender's id, which only those on the
/// way see; from another address than the sender's it is tried as a stranger's. Who is on the way can keep the receiver busy by forging
/// what comes next; he could as well drop it.
/// </remarks>
public sealed class DatagramOpener : IDisposable
{
    /// <summary>Senders kept; beyond, the one least recently heard goes.</summary>
    public const int SenderCountMax = 16_384;

    /// <summary>Droplets in the name of one sender that may fail to open at once, and as many come back in a second.</summary>
    internal const int ForgeryBurstCount = 64;

    /// <summary>How far from the highest counter of its sender a droplet is tried always.</summary>
    internal const int NearCount = 8192;

    /// <summary>Who is silent for so long at an address gives way to another that was heard there.</summary>
    private static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(1);

    private readonly byte[][] _secrets;
    private readonly Dictionary<Bits128, Sender> _senders = [];
    private readonly Dictionary<PeerAddress, Place> _places = [];
    private readonly LinkedList<Sender> _byUse = [];
    private readonly StrangerBudget _strangers = new();

    /// <summary>Makes an opener.</summary>
    /// <param name="secrets">Every secret that is accepted: the cluster's own, and during a rotation the other one too.</param>
    public DatagramOpener(params IEnumerable<ReadOnlyMemory<byte>> secrets)
    {
        _secrets = [.. secrets.Select(secret => secret.ToArray())];
        if (_secrets.Length == 0 || _secrets.Any(secret => secret.Length == 0))
        {
            throw new ArgumentException("At least one secret is needed, and none may be empty.", nameof(secrets));
        }
    }

    /// <summary>Opens one datagram, which may be several droplets (<see cref="SealedFormat.HoldsSeveral"/>).</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="datagram">Any bytes.</param>
    /// <param name="destination">At least as many bytes as the datagram has.</param>
    /// <param name="length">Bytes of the datagram inside.</param>
    public OpenOutcome TryOpen(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram, Span<byte> destination, out int length)
    {
        length = 0;
        if (!SealedFormat.IsSealed(datagram))
        {
            return OpenOutcome.NotSealed;
        }

        return SealedFormat.IsDroplet(datagram)
            ? OpenDroplets(now, from, datagram, destination, out length)
            : OpenFull(now, from, datagram, destination, out length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var sender in _byUse)
        {
            sender.Cipher.Dispose();
        }

        _byUse.Clear();
        _senders.Clear();
        _places.Clear();
    }

    private static bool TryDecrypt(
        AesGcm cipher, uint form, ulong counter, ReadOnlySpan<byte> datagram, int headerBytes, Span<byte> destination)
    {
        Span<byte> nonce = stackalloc byte[SealedFormat.NonceBytes];
        DatagramSealer.WriteNonce(nonce, form, counter);
        try
        {
            cipher.Decrypt(
                nonce, datagram[headerBytes..^SealedFormat.TagBytes], datagram[^SealedFormat.TagBytes..], destination,
                form == SealedFormat.FullForm ? datagram[..headerBytes] : []);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            // The only way that .NET says it.
            return false;
        }
    }

    private OpenOutcome OpenDroplets(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram, Span<byte> destination, out int length)
    {
        length = 0;
        if (!_places.TryGetValue(from, out var place))
        {
            return OpenOutcome.UnknownSender;
        }

        var outcome = OpenDroplets(now, place.First, datagram, destination, out length);
        if (outcome == OpenOutcome.Opened || place.Second is not { } second)
        {
            return outcome;
        }

        // A process that was started again, or an older one of which somebody sends what he recorded.
        var other = OpenDroplets(now, second, datagram, destination, out length);
        if (other == OpenOutcome.Opened && now - place.First.HeardAt > SilentAfter)
        {
            (place.First, place.Second) = (second, place.First);
        }

        return other == OpenOutcome.Opened ? other : outcome;
    }

    private static OpenOutcome OpenDroplets(
        Instant now, Sender sender, ReadOnlySpan<byte> datagram, Span<byte> destination, out int length)
    {
        length = 0;
        var isCompact = datagram[0] == SealedFormat.CompactMark;
        var counter = Complete(sender.HighestCompact, WireFormat.ReadUInt24(datagram[3..]));
        var dropped = isCompact ? SealedFormat.DroppedBytes : 0;
        var count = datagram.Length - SealedFormat.CompactHeaderBytes - SealedFormat.TagBytes;
        var symbolSize = count + dropped - WireFormat.DropletHeaderBytes;
        if (symbolSize <= 0)
        {
            return OpenOutcome.Refused;
        }

        var isNear = counter + NearCount >= sender.HighestCompact && counter <= sender.HighestCompact + NearCount;
        if (!isNear && !sender.Forgeries.HasOne(now))
        {
            return OpenOutcome.TooManyForgeries;
        }

        if (!TryDecrypt(
            sender.Cipher, isCompact ? SealedFormat.CompactForm : SealedFormat.TogetherForm, counter, datagram,
            SealedFormat.CompactHeaderBytes,
            destination.Slice(dropped, count)))
        {
            sender.Forgeries.TryTake(now);
            return OpenOutcome.Refused;
        }

        sender.HighestCompact = Math.Max(sender.HighestCompact, counter);
        if (isCompact)
        {
            destination[SealedFormat.DroppedBytes..WireFormat.DropletHeaderBytes].CopyTo(destination[2..]);
            WireFormat.WriteDropletFrame(destination, symbolSize);
        }
        else if (!AreDroplets(destination[..count]))
        {
            // Only droplets may come outside the window against replays.
            return OpenOutcome.Refused;
        }

        sender.HeardAt = now;
        length = dropped + count;
        return OpenOutcome.Opened;
    }

    private static bool AreDroplets(ReadOnlySpan<byte> datagrams)
    {
        while (!datagrams.IsEmpty)
        {
            var length = WireFormat.LengthOfFirst(datagrams);
            if (length == 0 || !WireFormat.Is(datagrams, MessageType.Droplet))
            {
                return false;
            }

            datagrams = datagrams[length..];
        }

        return true;
    }

    private OpenOutcome OpenFull(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram, Span<byte> destination, out int length)
    {
        length = 0;
        var count = datagram.Length - SealedFormat.FullOverhead;
        if (count < 2)
        {
            return OpenOutcome.NotSealed;
        }

        var senderId = Bits128.Read(datagram[3..]);
        var counter = BinaryPrimitives.ReadUInt64BigEndian(datagram[19..]);
        if (_senders.TryGetValue(senderId, out var sender))
        {
            if (!sender.Window.IsNew(counter))
            {
                return OpenOutcome.Replayed;
            }

            if (sender.Address != from && !_strangers.TryTake(now, from))
            {
                return OpenOutcome.TooManyStrangers;
            }

            if (!TryDecrypt(sender.Cipher, SealedFormat.FullForm, counter, datagram, SealedFormat.FullHeaderBytes, destination[..count]))
            {
                return OpenOutcome.Refused;
            }
        }
        else if (!_strangers.TryTake(now, from))
        {
            return OpenOutcome.TooManyStrangers;
        }
        else
        {
            foreach (var secret in _secrets)
            {
                var cipher = SealedFormat.CreateCipher(secret, datagram.Slice(3, SealedFormat.SenderIdBytes));
                if (TryDecrypt(cipher, SealedFormat.FullForm, counter, datagram, SealedFormat.FullHeaderBytes, destination[..count]))
                {
                    sender = Keep(senderId, cipher);
                    break;
                }

                cipher.Dispose();
            }

            if (sender is null)
            {
                return OpenOutcome.Refused;
            }
        }

        // A droplet comes compact only: nothing opens in two ways.
        if (WireFormat.Is(destination[..count], MessageType.Droplet))
        {
            return OpenOutcome.Refused;
        }

        sender.Window.Take(counter);
        sender.HighestCompact = Math.Max(sender.HighestCompact, BinaryPrimitives.ReadUInt64BigEndian(datagram[27..]));
        sender.HeardAt = now;
        Touch(now, sender, from);
        length = count;
        return OpenOutcome.Opened;
    }

    /// <summary>The counter nearest to what comes next whose three low bytes are <paramref name="low"/>.</summary>
    private static ulong Complete(ulong highest, uint low)
    {
        const ulong window = 1 << 24;
        var expected = highest + 1;
        var candidate = (expected & ~(window - 1)) | low;
        if (candidate + (window / 2) <= expected)
        {
            return candidate + window;
        }

        return candidate > expected + (window / 2) && candidate >= window ? candidate - window : candidate;
    }

    private Sender Keep(Bits128 senderId, AesGcm cipher)
    {
        if (_senders.Count == SenderCountMax)
        {
            Drop(_byUse.Last!.Value);
        }

        var sender = new Sender(senderId, cipher);
        _senders.Add(senderId, sender);
        _byUse.AddFirst(sender.Place);
        return sender;
    }

    private void Drop(Sender sender)
    {
        _byUse.Remove(sender.Place);
        _senders.Remove(sender.Id);
        Leave(sender, sender.Address);
        Leave(sender, sender.AddressBefore);
        sender.Cipher.Dispose();
    }

    private void Touch(Instant now, Sender sender, PeerAddress from)
    {
        if (_byUse.First != sender.Place)
        {
            _byUse.Remove(sender.Place);
            _byUse.AddFirst(sender.Place);
        }

        if (sender.Address != from)
        {
            // The last one stays its own as well: somebody may have sent on from elsewhere what he heard of it.
            if (sender.AddressBefore != from)
            {
                Leave(sender, sender.AddressBefore);
            }

            (sender.Address, sender.AddressBefore) = (from, sender.Address);
        }

        if (!_places.TryGetValue(from, out var place))
        {
            _places.Add(from, new Place(sender));
        }
        else if (place.First != sender && place.Second != sender)
        {
            Enter(now, place, sender);
        }
    }

    /// <summary>A peer that was started again takes over the address of the process before it. Who is heard is not displaced: an old
    /// datagram of a sender that was once there can be sent by anybody who recorded it.</summary>
    private static void Enter(Instant now, Place place, Sender sender)
    {
        if (now - place.First.HeardAt > SilentAfter)
        {
            (place.First, place.Second) = (sender, place.First);
        }
        else if (place.Second is null || now - place.Second.HeardAt > SilentAfter)
        {
            place.Second = sender;
        }
    }

    private void Leave(Sender sender, PeerAddress address)
    {
        if (!_places.TryGetValue(address, out var place))
        {
            return;
        }

        if (place.First == sender && place.Second is { } second)
        {
            (place.First, place.Second) = (second, null);
        }
        else if (place.First == sender)
        {
            _places.Remove(address);
        }
        else if (place.Second == sender)
        {
            place.Second = null;
        }
    }

    /// <summary>Whose droplets may come from an address.</summary>
    private sealed class Place(Sender first)
    {
        /// <summary>Tried first.</summary>
        public Sender First { get; set; } = first;

        /// <summary>Tried when the first does not open it.</summary>
        public Sender? Second { get; set; }
    }

    private sealed class Sender
    {
        public Sender(Bits128 id, AesGcm cipher)
        {
            Id = id;
            Cipher = cipher;
            Place = new LinkedListNode<Sender>(this);
        }

        public Bits128 Id { get; }

        public AesGcm Cipher { get; }

        public LinkedListNode<Sender> Place { get; }

        public PeerAddress Address { get; set; }

        /// <summary>Where it was heard before that.</summary>
        public PeerAddress AddressBefore { get; set; }

        /// <summary>When something of it opened, last.</summary>
        public Instant HeardAt { get; set; }

        public ulong HighestCompact { get; set; }

        /// <summary>Droplets in its name that may yet fail to open.</summary>
        public TryBudget Forgeries = new(ForgeryBurstCount, ForgeryBurstCount);

        public ReplayWindow Window { get; } = new();
    }
}

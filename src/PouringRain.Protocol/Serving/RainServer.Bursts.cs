namespace PouringRain.Protocol;

// When a subscriber's turn comes, and the burst of droplets that a turn is.
public sealed partial class RainServer
{
    // 64 segments is what UDP_SEGMENT takes in one call, 65,507 bytes what UDP takes over IPv4.
    private const int SegmentCountMax = 64, BurstBytesMax = 65_507;
    private const double BurstSeconds = 0.001;
    private static readonly TimeSpan NotReadyDelay = TimeSpan.FromMilliseconds(1);

    /// <summary>Puts an idle subscriber where it belongs now.</summary>
    private void Schedule(Instant now, Subscriber row)
    {
        row.Place = SubscriberPlace.Idle;
        if (!row.HasRequests || row.InFlightRoom == 0)
        {
            return;
        }

        if (row.Credit.RoomFor(row.DropletBytes) == 0)
        {
            row.Credit.Block(row);
            return;
        }

        var due = row.DueFor(now, Math.Clamp(row.RateBytesPerSecond * BurstSeconds, row.DropletBytes, BurstBytesMax));
        if (due <= now)
        {
            row.Place = SubscriberPlace.Ready;
            _ready.Enqueue(row, CompanyOf(row));
        }
        else if (due < Instant.Never)
        {
            Wait(row, due);
        }
    }

    private void Wait(Subscriber row, Instant due)
    {
        row.Due = due;
        row.Place = SubscriberPlace.Waiting;
        _waiting.Add(row);
    }

    private bool TryBurst(Instant now, Subscriber row, Span<byte> buffer, out Transmit transmit)
    {
        var size = row.DropletBytes;
        if (size > buffer.Length)
        {
            // The owner's buffer cannot hold what it offers: nobody can be served.
            Remove(row);
            transmit = default;
            return false;
        }

        var bytes = Math.Min(row.Refill(now), Math.Max(size, row.RateBytesPerSecond * BurstSeconds));
        if (_ceiling is not null)
        {
            bytes = Math.Min(bytes, Math.Max(size, _ceiling.TurnBytes(now)));
        }

        bytes = Math.Min(bytes, Math.Min(buffer.Length, BurstBytesMax));
        var countMax = Math.Min((int)(bytes / size), Math.Min(Math.Min(SegmentCountMax, row.InFlightRoom), row.Credit.RoomFor(size)));
        var count = 0;
        var result = SymbolReadResult.Ok;
        while (count < countMax && row.HasRequests && result != SymbolReadResult.NotReady)
        {
            result = WriteDroplets(now, row, buffer[(count * size)..(countMax * size)], out var written);
            count += written;
            NoteSent(now, row, row.Current, written);
            row.Advance(written);
            if (result == SymbolReadResult.Unavailable)
            {
                row.RefuseCurrent();
            }
        }

        if (count > 0)
        {
            row.OwesDryStatus = true;
            row.Droplets += count;
            DropletsSent += count;
            BytesSent += count * size;
            NoteGiven(row, count * size);
            row.Spend(count * size);
            row.Credit.Spend(count, size);
            _ceiling?.Spend(now, count * size);
        }

        if (result == SymbolReadResult.NotReady)
        {
            Wait(row, now + NotReadyDelay);
        }
        else
        {
            Schedule(now, row);
        }

        if (!row.HasRequests && (row.OwesDryStatus || row.RefusedCount > 0))
        {
            AnswerStatus(now, row);
        }

        transmit = new Transmit(row.Peer, count * size, size);
        return count > 0;
    }

    /// <summary>Writes droplets of the current request, as many as fit.</summary>
    private SymbolReadResult WriteDroplets(Instant now, Subscriber row, Span<byte> datagrams, out int written)
    {
        var size = row.DropletBytes;
        var item = row.Current;
        var result = WriteSymbols(row, item, datagrams, out written);
        var droplet = new DropletMessage
        {
            SubscriptionId = row.SubscriptionId,
            Tag = DropletMessage.TagOf(row.Content.Manifest.Version),
            ServerTime = WireFormat.Microseconds(now) & 0xFF_FFFF,
            BlockNumber = item.BlockNumber,
        };
        for (var i = 0; i < written; i++)
        {
            droplet.Sequence = row.NextSequence;
            droplet.Esi = row.CurrentEsi + ((uint)i * item.Step);
            droplet.WriteHeader(datagrams.Slice(i * size, size));
            row.NextSequence = unchecked(row.NextSequence + 1);
        }

        return result;
    }

    private SymbolReadResult WriteSymbols(Subscriber row, RequestItem item, Span<byte> datagrams, out int written)
    {
        const int header = WireFormat.DropletHeaderBytes;
        var size = row.DropletBytes;
        written = 0;
        if (item.BlockNumber != WireFormat.ManifestBlockNumber)
        {
            var count = item.Step == 1 ? Math.Min(datagrams.Length / size, row.CurrentLeft) : 1;
            return row.Content.TryReadSymbols(
                (int)item.BlockNumber, row.CurrentEsi, size - header, datagrams[header..(count * size)], size, out written);
        }

        var manifest = row.Content.Manifest;
        if (!ManifestRain.CanRain(manifest, out var code))
        {
            return SymbolReadResult.Unavailable;
        }

        _manifests.Write(manifest, code!, row.CurrentEsi, datagrams[header..size]);
        written = 1;
        return SymbolReadResult.Ok;
    }
}

namespace PouringRain.Protocol.Grouping;

// Trains of datagrams for single receivers, which see by them how fast unicast is.
public sealed partial class GroupSender
{
    /// <summary>Datagrams of a train, and trains that may wait.</summary>
    private const int TrainCount = 24, TrainsMax = 64;

    /// <summary>All trains together take one part in so many of the rate.</summary>
    private const int TrainPart = 32;

    private readonly Queue<(PeerAddress To, uint Number)> _trains = new();
    private Instant _trainAt;

    private void OweTrain(Instant now, PeerAddress to, uint number)
    {
        if (_trains.Count < TrainsMax)
        {
            _trains.Enqueue((to, number));
            _due = now;
        }
    }

    /// <summary>A train goes out in one piece; what rains waits for as long as the wire takes for it.</summary>
    private bool TryTrain(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        var count = Math.Min(TrainCount, buffer.Length / TrainMessage.SizeBytes);
        if (count < TrainMessage.CountMin || now < _trainAt || !_trains.TryDequeue(out var next))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            new TrainMessage { StreamId = StreamId, Number = next.Number, Place = i, Count = count }
                .Write(buffer[(i * TrainMessage.SizeBytes)..]);
            _pacer.OnMessage(now, TrainMessage.SizeBytes);
        }

        var bits = count * 8L * (TrainMessage.SizeBytes + _options.FrameBytes);
        _trainAt = now + TimeSpan.FromSeconds((double)bits * TrainPart / _pacer.RateBitsPerSecond);
        transmit = new Transmit(next.To, count * TrainMessage.SizeBytes, TrainMessage.SizeBytes);
        return true;
    }
}

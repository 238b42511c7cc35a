using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>The subscribers of one version at one server that have said what they hold (JOIN), and whose turn it is among them: that of the
/// one that holds least. Who has had none for a while has a few of them all the same: of a link that is slow one that has just come would
/// have all for minutes, and whoever misses but the last block would starve. Those of the version that say nothing have turns one after the
/// other, as many as their part of all is. O(log n), but for one turn of 16, which is O(n).</summary>
internal sealed class Company
{
    /// <summary>One of so many turns is of whoever has waited longest.</summary>
    private const int PatientTurns = 16;

    private static readonly TimeSpan PatientFor = TimeSpan.FromMilliseconds(250);

    private readonly PriorityQueue<Subscriber, long> _members = new();
    private readonly Queue<Subscriber> _others = new();
    private long _turnCount;
    private int _othersDue;

    /// <summary>Subscribers in it.</summary>
    public int Count { get; set; }

    /// <summary>Numbers them, so that of two that hold the same the same one goes first until it holds more: a block in one place soon is
    /// worth more than two halves.</summary>
    public int Entered { get; set; }

    /// <summary>Those whose turn it may be, and some that have left since.</summary>
    public int ReadyCount => _members.Count + _others.Count;

    /// <summary>A subscriber of the version is ready.</summary>
    public void Enqueue(Subscriber row)
    {
        if (row.Company == this)
        {
            _members.Enqueue(row, row.Deprivation);
        }
        else
        {
            _others.Enqueue(row);
        }
    }

    /// <summary>Whose turn it is; null when nobody that was ready is any more.</summary>
    public Subscriber? Next(Instant now)
    {
        _othersDue += _others.Count;
        if (_others.Count > 0 && (_members.Count == 0 || _othersDue >= ReadyCount))
        {
            _othersDue = Math.Max(0, _othersDue - ReadyCount);
            return _others.Dequeue();
        }

        if (++_turnCount % PatientTurns == 0 && TryTakePatient(now, out var patient))
        {
            patient.LastTurn = now;
            return patient;
        }

        // What one holds may have become more since it was put in the queue, never less: then it goes back to where it belongs.
        while (_members.TryDequeue(out var row, out var deprivation))
        {
            if (row.Place != SubscriberPlace.Ready || row.Deprivation <= deprivation)
            {
                row.LastTurn = now;
                return row;
            }

            _members.Enqueue(row, row.Deprivation);
        }

        return null;
    }

    private bool TryTakePatient(Instant now, [NotNullWhen(true)] out Subscriber? patient)
    {
        patient = null;
        foreach (var (row, _) in _members.UnorderedItems)
        {
            if (now - row.LastTurn >= PatientFor && (patient is null || row.LastTurn < patient.LastTurn))
            {
                patient = row;
            }
        }

        return patient is not null && _members.Remove(patient, out _, out _);
    }
}

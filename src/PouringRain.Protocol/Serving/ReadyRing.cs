using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>Whose turn it is among the subscribers that may send now. One after the other, but those who fetch a version in company
/// (<see cref="Company"/>) have one turn together, which is that of the one that holds least of it. Who has had none for a while has a few
/// of them all the same: of a link that is slow one that has just come would have all for minutes, and whoever misses but the last block
/// would starve. O(1), in company O(log n), but for one turn of 16, which is O(n).</summary>
internal sealed class ReadyRing
{
    /// <summary>One of so many turns of a company is of whoever has waited longest.</summary>
    private const int PatientTurns = 16;

    private static readonly TimeSpan PatientFor = TimeSpan.FromMilliseconds(250);

    private readonly Queue<(Subscriber? Row, Company? Company)> _ring = new();

    /// <summary>Subscribers that are ready, and some that have left since they were.</summary>
    public int Count { get; private set; }

    public void Enqueue(Subscriber row)
    {
        Count++;
        if (row.Company is not { } company)
        {
            _ring.Enqueue((row, null));
            return;
        }

        company.Ready.Enqueue(row, row.Deprivation);
        if (company.Ready.Count == 1)
        {
            _ring.Enqueue((null, company));
        }
    }

    public bool TryDequeue(Instant now, [NotNullWhen(true)] out Subscriber? row)
    {
        row = null;
        while (row is null && _ring.TryDequeue(out var turn))
        {
            row = turn.Row ?? Next(now, turn.Company!);
            if (turn.Company is { Ready.Count: > 0 })
            {
                _ring.Enqueue(turn);
            }
        }

        Count -= row is null ? 0 : 1;
        return row is not null;
    }

    /// <summary>The one that holds least. What it holds may have become more since it was put in the queue, never less: then it goes back
    /// to where it belongs.</summary>
    private static Subscriber? Next(Instant now, Company company)
    {
        if (++company.TurnCount % PatientTurns == 0 && TryTakePatient(now, company, out var patient))
        {
            patient.LastTurn = now;
            return patient;
        }

        while (company.Ready.TryDequeue(out var row, out var deprivation))
        {
            if (row.Place != SubscriberPlace.Ready || row.Deprivation <= deprivation)
            {
                row.LastTurn = now;
                return row;
            }

            company.Ready.Enqueue(row, row.Deprivation);
        }

        return null;
    }

    private static bool TryTakePatient(Instant now, Company company, [NotNullWhen(true)] out Subscriber? patient)
    {
        patient = null;
        foreach (var (row, _) in company.Ready.UnorderedItems)
        {
            if (now - row.LastTurn >= PatientFor && (patient is null || row.LastTurn < patient.LastTurn))
            {
                patient = row;
            }
        }

        return patient is not null && company.Ready.Remove(patient, out _, out _);
    }
}

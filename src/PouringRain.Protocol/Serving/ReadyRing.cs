using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

/// <summary>Whose turn it is among the subscribers that may send now. One after the other, but those who fetch a version in company
/// (<see cref="Company"/>) have one turn together, which is that of the one that holds least of it. O(1), in company O(log n).</summary>
internal sealed class ReadyRing
{
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

    public bool TryDequeue([NotNullWhen(true)] out Subscriber? row)
    {
        row = null;
        while (row is null && _ring.TryDequeue(out var turn))
        {
            row = turn.Row ?? Next(turn.Company!);
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
    private static Subscriber? Next(Company company)
    {
        while (company.Ready.TryDequeue(out var row, out var deprivation))
        {
            if (row.Place != SubscriberPlace.Ready || row.Deprivation <= deprivation)
            {
                return row;
            }

            company.Ready.Enqueue(row, row.Deprivation);
        }

        return null;
    }
}

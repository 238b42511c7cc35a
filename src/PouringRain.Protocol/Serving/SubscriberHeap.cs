namespace PouringRain.Protocol;

/// <summary>Subscribers by the moment at which their pacer lets them send: a binary heap whose members know their place in it.</summary>
internal sealed class SubscriberHeap
{
    private readonly List<Subscriber> _heap = [];

    public int Count => _heap.Count;

    public Subscriber? First => _heap.Count == 0 ? null : _heap[0];

    public void Add(Subscriber subscriber)
    {
        _heap.Add(subscriber);
        Up(_heap.Count - 1, subscriber);
    }

    public void Remove(Subscriber subscriber)
    {
        var index = subscriber.HeapIndex;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        subscriber.HeapIndex = -1;
        if (last == subscriber)
        {
            return;
        }

        Up(index, last);
        if (last.HeapIndex == index)
        {
            Down(index, last);
        }
    }

    private void Up(int index, Subscriber subscriber)
    {
        while (index > 0)
        {
            var parent = _heap[(index - 1) / 2];
            if (parent.Due <= subscriber.Due)
            {
                break;
            }

            Put(index, parent);
            index = (index - 1) / 2;
        }

        Put(index, subscriber);
    }

    private void Down(int index, Subscriber subscriber)
    {
        while (true)
        {
            var child = (2 * index) + 1;
            if (child >= _heap.Count)
            {
                break;
            }

            if (child + 1 < _heap.Count && _heap[child + 1].Due < _heap[child].Due)
            {
                child++;
            }

            if (subscriber.Due <= _heap[child].Due)
            {
                break;
            }

            Put(index, _heap[child]);
            index = child;
        }

        Put(index, subscriber);
    }

    private void Put(int index, Subscriber subscriber)
    {
        _heap[index] = subscriber;
        subscriber.HeapIndex = index;
    }
}

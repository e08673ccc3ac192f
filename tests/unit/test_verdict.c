/* link: image */
/* Verdicts far apart: no few flipped bits turn a refusal, or nothing at all, into IMAGE_GOOD.
 */
#include <assert.h>
#include <stdio.h>

#include "firmware/image/image.h"

enum { DISTANCE_MIN = 10, CODES_MAX = 255 };
_Static_assert((int)IMAGE_PURE <= (int)CODES_MAX, "codes are small numbers");

static int distance(uint32_t a, uint32_t b)
{
    int n = 0;

    for (uint32_t x = a ^ b; x != 0; x &= x - 1)
        n++;
    return n;
}

int main(void)
{
    int nearest = 32;

    /* Every other code there is or will be is a small number; 0 is "not looked at yet". */
    for (uint32_t other = 0; other <= CODES_MAX; other++) {
        int d = distance(other, IMAGE_GOOD);

        if (d < nearest)
            nearest = d;
    }
    assert(nearest >= DISTANCE_MIN);
    assert(distance(UINT32_MAX, IMAGE_GOOD) >= DISTANCE_MIN);
    printf("IMAGE_GOOD is %d bits or more from every other verdict\n", nearest);
    return 0;
}

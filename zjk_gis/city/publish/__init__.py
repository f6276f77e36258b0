"""The published folder: one front page, a page for each street and chief, workbooks and sheets beside them.

It opens from a share or a stick without server and network. `audience` decides what may leave, `facts` what
is known of whom, `pages` what a page is made of, `front`, `subjects` and `evidence` what stands on which one,
`books` and `pictures` what lies beside them, and `folder` sees to it that nobody ever sees half of it.
"""

from zjk_gis.city.publish.publishing import Published, publish_city

__all__ = ["Published", "publish_city"]
